"""Perfetto traces as Google's own decoder of Protocol Buffers reads them.

The messages are described here, with the names and numbers of protos/perfetto/trace in
github.com/google/perfetto; only what Reprise writes. What a trace holds beyond that is an error here,
so that a wrong number is found.
"""

import zlib
from dataclasses import dataclass, field

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, unknown_fields

FIELD = descriptor_pb2.FieldDescriptorProto
KINDS = {
    "uint64": FIELD.TYPE_UINT64, "int64": FIELD.TYPE_INT64, "uint32": FIELD.TYPE_UINT32,
    "int32": FIELD.TYPE_INT32, "bool": FIELD.TYPE_BOOL, "string": FIELD.TYPE_STRING,
    "bytes": FIELD.TYPE_BYTES, "fixed64": FIELD.TYPE_FIXED64,
}  # fmt: skip
MESSAGES = {
    "Trace": [("packet", 1, "*TracePacket")],
    "TracePacket": [
        ("timestamp", 8, "uint64"), ("trusted_packet_sequence_id", 10, "uint32"),
        ("track_event", 11, "TrackEvent"), ("interned_data", 12, "InternedData"),
        ("sequence_flags", 13, "uint32"), ("compressed_packets", 50, "bytes"),
        ("track_descriptor", 60, "TrackDescriptor"), ("first_packet_on_sequence", 87, "bool"),
    ],
    "TrackEvent": [
        ("category_iids", 3, "*uint64"), ("debug_annotations", 4, "*DebugAnnotation"),
        ("type", 9, "int32"), ("name_iid", 10, "uint64"), ("track_uuid", 11, "uint64"),
        ("name", 23, "string"), ("counter_value", 30, "int64"), ("flow_ids", 47, "*fixed64"),
        ("terminating_flow_ids", 48, "*fixed64"),
    ],
    "DebugAnnotation": [
        ("name_iid", 1, "uint64"), ("int_value", 4, "int64"), ("string_value", 6, "string"),
        ("name", 10, "string"), ("string_value_iid", 17, "uint64"),
    ],
    "InternedData": [
        ("event_categories", 1, "*Text"), ("event_names", 2, "*Text"),
        ("debug_annotation_names", 3, "*Text"), ("debug_annotation_string_values", 29, "*Text"),
    ],
    "Text": [("iid", 1, "uint64"), ("text", 2, "string")],
    "TrackDescriptor": [
        ("uuid", 1, "uint64"), ("name", 2, "string"), ("process", 3, "ProcessDescriptor"),
        ("parent_uuid", 5, "uint64"), ("counter", 8, "CounterDescriptor"),
        ("child_ordering", 11, "int32"), ("sibling_order_rank", 12, "int32"),
        ("description", 14, "string"), ("process_ordering", 19, "int32"),
    ],
    "ProcessDescriptor": [("pid", 1, "int32"), ("process_name", 6, "string")],
    "CounterDescriptor": [],
}  # fmt: skip


def _trace_class():
    file = descriptor_pb2.FileDescriptorProto(
        name="perfetto_part.proto", package="perfetto.part", syntax="proto2")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field_name, number, kind in fields:
            label = FIELD.LABEL_REPEATED if kind[0] == "*" else FIELD.LABEL_OPTIONAL
            kind = kind.lstrip("*")
            added = message.field.add(name=field_name, number=number, label=label)
            if kind in KINDS:
                added.type = KINDS[kind]
            else:
                added.type = FIELD.TYPE_MESSAGE
                added.type_name = f".perfetto.part.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("perfetto.part.Trace"))


_Trace = _trace_class()


@dataclass
class Slice:
    process: str
    track: str
    name: str
    start: int
    end: int
    arguments: dict = field(default_factory=dict)
    flows: tuple = ()


def check_known(message):
    """Fails where a message holds a field that is not described."""
    assert len(unknown_fields.UnknownFieldSet(message)) == 0, message.DESCRIPTOR.name
    for described, value in message.ListFields():
        if described.type == FIELD.TYPE_MESSAGE:
            for part in value if hasattr(value, "__len__") else [value]:
                check_known(part)


def packets(path):
    """All packets of a trace, those that are compressed too, in the order of the file."""
    with open(path, "rb") as file:
        whole = _Trace.FromString(file.read())
    for packet in whole.packet:
        check_known(packet)
        if packet.compressed_packets:
            inner = _Trace.FromString(zlib.decompress(packet.compressed_packets))
            check_known(inner)
            yield from inner.packet
        else:
            yield packet


class Timeline:
    """Slices, instants and counters of a trace, as whoever reads one makes them."""

    def __init__(self, path):
        self.tracks, events = {}, []
        texts = {"event_categories": {}, "event_names": {}}
        texts |= {"debug_annotation_names": {}, "debug_annotation_string_values": {}}
        cleared = False
        for packet in packets(path):
            if packet.sequence_flags & 1:
                assert not cleared, "state is cleared once"
                cleared = True
            for table, known in texts.items():
                for entry in getattr(packet.interned_data, table):
                    assert entry.iid not in known, "a number is given once"
                    known[entry.iid] = entry.text
            if packet.HasField("track_descriptor"):
                self.tracks[packet.track_descriptor.uuid] = packet.track_descriptor
            if packet.HasField("track_event"):
                assert packet.trusted_packet_sequence_id and packet.sequence_flags & 2 and cleared
                event = packet.track_event
                name = texts["event_names"][event.name_iid] if event.name_iid else event.name
                arguments = {}
                for note in event.debug_annotations:
                    key = texts["debug_annotation_names"][note.name_iid] if note.name_iid else note.name
                    if note.HasField("string_value_iid"):
                        value = texts["debug_annotation_string_values"][note.string_value_iid]
                    else:
                        value = note.string_value if note.HasField("string_value") else note.int_value
                    arguments[key] = value
                events.append((packet.timestamp, len(events), event, name, arguments))
        self.slices, self.instants, self.counters = [], [], {}
        open_slices = {}
        # Whoever reads a trace sorts it; events of one time stay as they stand in the file.
        for time, _, event, name, arguments in sorted(events, key=lambda event: event[:2]):
            track = self.tracks[event.track_uuid]
            stack = open_slices.setdefault(event.track_uuid, [])
            if event.type == 1:
                flows = tuple(event.flow_ids) + tuple(event.terminating_flow_ids)
                parent = self.tracks.get(track.parent_uuid)
                stack.append(
                    Slice(parent.name if parent else "", track.name, name, time, -1, arguments, flows))
            elif event.type == 2:
                stack[-1].end = time
                self.slices.append(stack.pop())
            elif event.type == 3:
                self.instants.append((track.name, name, time))
            else:
                assert event.type == 4 and track.HasField("counter")
                self.counters.setdefault(event.track_uuid, []).append((time, event.counter_value))
        assert not any(open_slices.values()), "a slice is never closed"
