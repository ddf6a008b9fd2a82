// The umbrella that users import: one `import Reprise` gives every public room.
@_exported public import Analytical
@_exported public import Calibration
@_exported public import CostModel
@_exported public import Network
@_exported public import OperatorStore
@_exported public import Operators
@_exported public import ProfilerTraces
@_exported public import Replay
@_exported public import Reports
@_exported public import RequestLogs
@_exported public import Scenarios
@_exported public import Search
@_exported public import Sweeps
@_exported public import TraceIO
@_exported public import Validation
