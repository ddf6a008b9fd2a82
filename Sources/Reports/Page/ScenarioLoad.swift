import Operators
import TraceIO

/// What a scenario's pool or like links did over time, as its `load.csv` tells it; nil where that is not known.
struct ScenarioLoad {
  var name: String
  /// The beginnings of the bins, in seconds.
  var times: [Double] = []
  var up: [Double?] = []
  var busy: [Double?] = []
  var running: [Double?] = []
  var waiting: [Double?] = []
  var memory: [Double?] = []
  /// Of links: the part of its bandwidth that the busiest used.
  var largest: [Double?] = []

  /// Engines that are up, where that is not the same all the time.
  var changingUp: [Double?] {
    let whole = up.dropLast()
    return Set(whole).count > 1 ? up : []
  }

  /// Reads a file that ``ScenarioLoadFile`` wrote, pool by pool and then links by links.
  static func read(_ path: String) throws(ReportError) -> [ScenarioLoad] {
    do {
      var table = try CSVReader(ByteSource(path: path))
      var places: [Int] = []
      for name in ScenarioLoadFile.columns {
        guard let place = table.column(name) else {
          throw ReportError.badLine(path: path, line: 1, reason: "the column \(name) is missing")
        }
        places.append(place)
      }
      var loads: [ScenarioLoad] = []
      var index: [String: Int] = [:]
      while try table.next() {
        guard let time = table.integer(places[0]) else {
          throw ReportError.badLine(
            path: path, line: table.rowLine, reason: "'time_ns' is no whole number")
        }
        let (kind, name) = (table.field(places[1]), CSV.rearmed(table.field(places[2])))
        let place = index[kind + " " + name] ?? loads.count
        if place == loads.count {
          index[kind + " " + name] = place
          loads.append(ScenarioLoad(name: name))
        }
        loads[place].times.append(Nanoseconds(time).seconds)
        loads[place].up.append(table.double(places[3]))
        // Links' means are in the file for those who want them.
        loads[place].busy.append(kind == "pool" ? table.double(places[4]) : nil)
        loads[place].running.append(table.double(places[5]))
        loads[place].waiting.append(table.double(places[6]))
        loads[place].memory.append(table.double(places[7]))
        loads[place].largest.append(table.double(places[8]))
      }
      return loads
    } catch {
      throw ReportError(error, reading: path)
    }
  }
}
