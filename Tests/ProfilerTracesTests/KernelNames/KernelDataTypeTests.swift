import Operators
import TestSupport
import Testing

@testable import ProfilerTraces

@Suite("Element types from kernels' names")
struct KernelDataTypeTests {
  @Test(arguments: [
    ("nvjet_tst_128x64_64x8_4x1_v_bz_TNT", DataType.bfloat16), ("nvjet_hsh_64x8_TNT", .float16),
    ("nvjet_sm90_qqtst_128x256", .float8),
    ("sm80_xmma_gemm_f32f32_f32f32_f32_tn_n_tilesize64x256x8", .float32),
    ("sm90_xmma_gemm_bf16bf16_bf16f32_f32_tn_n", .bfloat16),
    ("ampere_fp16_s16816gemm_fp16_128x64_ldg8_f2f_stages_64x3_tn", .float16),
    ("Cijk_Alik_Bljk_BBS_BH_Bias_HA_S_SAV", .bfloat16),
    ("Cijk_Alik_Bljk_B_BS_BH_Bias_HA_S_SAV", .bfloat16),
    ("Cijk_Alik_Bljk_F8HS_BH_BiasSH_AS", .float8), ("Cijk_Ailk_Bljk_S_B_Bias_HA_S", .float32),
    ("Cijk_Alik_Bljk_HHS_BH_MT64", .float16),
    ("void vllm::rms_norm_kernel<c10::BFloat16, 8, float>(c10::BFloat16*, float)", .bfloat16),
    ("void softmax_warp_forward<float, float, float, 6, false, false>(float*)", .float32),
  ])
  func `a name that tells the type`(name: String, type: DataType) {
    #expect(DataType(kernelName: name) == type)
  }

  @Test(arguments: [
    "", "kernel", "void f<long, long>(long*)", "Cijk_Alik", "Cijk_", "nvjet_", "nvjet_sm90_",
    "void convert<c10::Half, c10::BFloat16>(void*)",
  ])
  func `a name that tells none, or two`(name: String) {
    #expect(DataType(kernelName: name) == nil)
  }

  /// PyTorch's own traces say both: the kernels and the inputs' types.
  @Test(
    .needsSharedData,
    arguments: [
      "h100_Qwen1.5-0.5B-Chat.json.gz", "mi300_Qwen1.5-0.5B-Chat.json.gz",
      "b200_eager_trace.json.gz",
    ])
  func `matrix products of real traces have the type that their kernels tell`(name: String) throws {
    let trace = try KinetoReader.read(path: SharedData.path("traces/TraceLens/" + name))
    var (right, silent, wrong) = (0, 0, [String]())
    for (group, sample) in zip(trace.groups, trace.samples)
    where [.gemm, .attention].contains(sample.operator.kind) && sample.operator.dataType != nil {
      let kernel = group.kernels[0].name
      switch DataType(kernelName: kernel) {
      case nil: silent += 1
      case sample.operator.dataType: right += 1
      default: wrong.append("\(sample.operator.dataType?.rawValue ?? "-") \(group.name) \(kernel)")
      }
    }
    #expect(wrong.isEmpty, "\(wrong.prefix(4))")
    #expect(right > silent, "\(right) right, \(silent) silent")
  }
}
