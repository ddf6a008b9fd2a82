import Operators
import TraceIO

/// Draws a timeline into a file of one of the two formats.
///
/// Processes and tracks are named before anything is drawn on them. Times are on the replay's clock.
protocol TimelineWriter: ~Copyable {
  /// Names a process, and says where it stands among all.
  mutating func name(_ name: String, process: Int, order: Int) throws(OutputError)

  /// Names a track of a process, and says where it stands there.
  mutating func name(_ name: String, track: TimelineTrack, order: Int) throws(OutputError)

  /// Draws a slice with what is in it.
  ///
  /// Slices of one track come in the order of their beginnings.
  mutating func draw(_ slice: TimelineSlice) throws(OutputError)

  /// Marks an instant of a whole process.
  mutating func mark(
    _ name: String, process: Int, time: Nanoseconds, _ arguments: [TimelineArgument]
  ) throws(OutputError)

  /// Notes values from `time` on; each is a curve of its own.
  mutating func count(
    _ name: String, process: Int, time: Nanoseconds, _ values: [(name: String, value: Int)]
  ) throws(OutputError)

  /// Ends the file and gives it its name.
  mutating func commit() throws(OutputError)
}

/// A line of a timeline.
struct TimelineTrack: Hashable {
  var process: Int
  /// Its number in the process; 0 is the process itself.
  var number: Int
}

/// What a slice carries for the person who selects it.
struct TimelineArgument {
  /// What the value is.
  enum Value {
    case integer(Int)
    /// One of few texts.
    case text(String)
    /// A duration; writers add their unit to its name.
    case time(Nanoseconds)
  }

  var name: String
  var value: Value

  init(_ name: String, _ value: Value) { (self.name, self.value) = (name, value) }
}

/// A point of an arrow through slices.
struct TimelineFlow {
  /// Where on the arrow a point lies.
  enum Point {
    case start
    case step
    case end
  }

  /// The arrow's number, from 1.
  var number: Int
  var point: Point
}

/// Something that took time.
struct TimelineSlice {
  /// A slice in it.
  struct Part {
    var name: String
    var start: Nanoseconds
    var duration: Nanoseconds
    var arguments: [TimelineArgument] = []
  }

  var name: String
  var category: String
  var track: TimelineTrack
  var start: Nanoseconds
  var duration: Nanoseconds
  var arguments: [TimelineArgument] = []
  /// Arrows through its beginning.
  var flows: [TimelineFlow] = []
  /// What it is made of, one after the other.
  var parts: [Part] = []
  /// Whether hardly another slice bears its name.
  var isNamedForItself = false
}

/// The formats of timelines.
public enum TimelineFormat: String, Sendable, Hashable, CaseIterable {
  /// Perfetto's protocol buffers, for ui.perfetto.dev.
  case perfetto
  /// Google's Trace Event Format, JSON, for ui.perfetto.dev and chrome://tracing.
  case chrome

  /// The name of a timeline's file.
  public var fileName: String {
    switch self {
    case .perfetto: "timeline.pftrace"
    case .chrome: "timeline.json"
    }
  }
}
