import ArgumentParser
import Reprise

/// How a model lies on devices.
struct LayoutOptions: ParsableArguments {
  @Option(name: .customLong("tp"), help: "Devices that share each layer (tensor parallel).")
  var tensor = 1

  @Option(name: .customLong("pp"), help: "Stages of layers (pipeline parallel).")
  var pipeline = 1

  @Option(
    name: .customLong("ep"),
    help:
      "Ways in which experts are dealt out (expert parallel): a multiple of --dp that divides --tp × --dp."
  )
  var expert = 1

  @Option(name: .customLong("dp"), help: "Groups with a share of the batch each (data parallel).")
  var data = 1

  @Option(name: .customLong("sp"), help: "Parts of each sequence (sequence parallel).")
  var sequence = 1

  var parallelism: Parallelism {
    Parallelism(
      tensor: tensor, pipeline: pipeline, expert: expert, data: data, sequence: sequence)
  }
}
