import Operators
import TraceIO

/// What one engine did over time, as `load.csv` tells it.
struct EngineLoad {
  var engine: Int64
  /// The beginnings of the bins, in seconds.
  var times: [Double] = []
  /// The share of each bin in which steps ran.
  var busy: [Double] = []
  /// The mean share of key-value blocks in use.
  var memory: [Double] = []

  /// Reads a file that ``LoadFile`` wrote, engine by engine.
  static func read(_ path: String) throws(ReportError) -> [EngineLoad] {
    do {
      var table = try CSVReader(ByteSource(path: path))
      let places = ["time_ns", "engine", "busy", "memory"].map { table.column($0) }
      guard let time = places[0], let engine = places[1], let busy = places[2],
        let memory = places[3]
      else {
        throw ReportError.badLine(
          path: path, line: 1, reason: "a column of time_ns, engine, busy, memory is missing")
      }
      var loads: [EngineLoad] = []
      var index: [Int64: Int] = [:]
      while try table.next() {
        guard let at = table.integer(time), let number = table.integer(engine),
          let share = table.double(busy), let used = table.double(memory)
        else {
          throw ReportError.badLine(
            path: path, line: table.rowLine, reason: "a cell is not a number")
        }
        let place = index[number] ?? loads.count
        if place == loads.count {
          index[number] = place
          loads.append(EngineLoad(engine: number))
        }
        loads[place].times.append(Nanoseconds(at).seconds)
        loads[place].busy.append(share)
        loads[place].memory.append(used)
      }
      return loads
    } catch {
      throw ReportError(error, reading: path)
    }
  }
}
