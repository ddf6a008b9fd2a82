import Operators
import Scenarios

/// Keys and values that travel layer by layer, while a prompt's last step computes the next ones.
///
/// When the first layer of that step is computed the decode's engine is chosen, and all but the last layer's share
/// goes ahead, no faster than layers are computed; the rest follows when the step ends. A decode for which there is
/// no memory by then has its keys and values sent whole, once there is.
extension PipelineFleet {
  /// Foresees when the first layer is computed of those prompts whose last step has begun.
  mutating func foreseeLayers(of engine: Int) {
    let (place, layers) = (engines[engine].place, plan.pools[engines[engine].pool].layers)
    guard layers > 1, !plan.scenario.network.isEmpty else { return }
    let (start, end) = (models[place].started, models[place].boundary)
    for slot in models[place].current.finishing {
      let resident = models[place].scheduler.residents[Int(slot)]
      guard resident.isHandedOver, holdsNow(resident.request) else { continue }
      let task = Int(tickets[Int(resident.request)].task)
      foresee(.layer, task, at: start + (end - start) / Int64(layers), tag: tasks[task].attempt)
    }
  }

  /// Sends what there is of a prompt's keys and values ahead, if its decode has an engine with memory for them.
  mutating func sendLayers(ofPrefill prefill: Int, at time: Int64) {
    let index = journey(of: prefill)
    let task = index * stride + part(of: prefill).partner
    let part = self.part(of: task)
    // Others that it waits for may end later than the prompt.
    guard part.predecessors == [prefill % stride], tasks[task].phase == .waiting,
      passes(part.stage, journeys[index], place: task % stride)
    else { return }
    let source = Int(tasks[prefill].engine)
    let own = engines[source].place
    guard let engine = route(task, part, waits: false, at: time),
      let route = links.route(from: engines[source].leaf, to: engines[engine].leaf),
      let slot = models[own].current.finishing.first(where: {
        models[own].scheduler.residents[Int($0)].request == tasks[prefill].firstTicket
      })
    else { return }
    let place = engines[engine].place
    guard decodeQueues[place].isEmpty else { return }
    let held = models[own].scheduler.residents[Int(slot)]
    let number = decodeTicket(task, held)
    let resident = decoding(held, number, on: place)
    guard models[place].scheduler.hasRoom(for: resident) else { return freeTicket(number) }
    tasks[task].heldSlot = models[place].scheduler.reserve(resident)
    tasks[task].phase = .travelling
    let pool = plan.pools[engines[source].pool]
    let bytes = keyValueBytes(of: held, from: source) * (1 - 1 / Double(pool.layers))
    let left = Double(max(1, models[own].boundary - time))
    tasks[task].layersFlow = links.send(
      bytes, over: route, atMost: 1e9 * bytes / left, for: .layers(presentTry(task)), at: time)
  }

  /// Sends what is left of a prompt's keys and values when its last step has ended.
  mutating func sendLastLayer(_ task: Int, at time: Int64) {
    let (engine, prefill) = (Int(tasks[task].engine), prefill(of: task))
    let (source, place) = (Int(tasks[prefill].engine), engines[engine].place)
    let held = models[engines[source].place].scheduler.residents[Int(tasks[prefill].heldSlot)]
    // The step may have taken longer than was foreseen.
    let slot = Int(tasks[task].heldSlot)
    models[place].scheduler.residents[slot].firstToken = held.firstToken
    models[place].scheduler.residents[slot].lastToken = held.lastToken
    var bytes = keyValueBytes(of: held, from: source)
    bytes /= Double(plan.pools[engines[source].pool].layers)
    if tasks[task].layersFlow >= 0 { bytes += links.cut(tasks[task].layersFlow, at: time) }
    tasks[task].layersFlow = -1
    (tasks[task].sent, tasks[task].arrived) = (time, time)
    let route = links.route(from: engines[source].leaf, to: engines[engine].leaf) ?? .none
    links.send(bytes, over: route, for: .input(presentTry(task)), at: time)
  }

  /// Gives up what went ahead for a decode before its prompt was computed, if anything did, and the engine that
  /// was chosen for it.
  mutating func dropLayers(of task: Int, at time: Int64) {
    guard part(of: task).isDecode, tasks[task].engine >= 0,
      tasks[task].heldSlot >= 0 || tasks[task].predecessorsLeft > 0
    else { return }
    if tasks[task].layersFlow >= 0 { _ = links.cut(tasks[task].layersFlow, at: time) }
    tasks[task].layersFlow = -1
    dropDecode(task, at: time)
    leaveEngine(task)
    tasks[task].attempt &+= 1
    tasks[task].phase = .waiting
    tasks[task].engine = -1
  }
}
