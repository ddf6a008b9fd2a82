import Operators
import TestSupport
import Testing
import TraceIO

@testable import ProfilerTraces

@Suite struct KernelNameTests {
  @Test(
    "A name tells the class and the library",
    arguments: [
      ("ampere_sgemm_128x64_nn", "gemm", "cuBLAS"),
      (
        "void cublasLt::splitKreduce_kernel<32, 16>(cublasLt::cublasSplitKParams<float>)", "gemm",
        "cuBLASLt"
      ),
      ("nvjet_tst_64x64_64x16_2x1_2cta_v_bz_bias_TNT", "gemm", "cuBLASLt"),
      (
        "void cutlass::Kernel<cutlass_80_tensorop_s1688gemm_64x64_32x4_nn_align1>", "gemm",
        "CUTLASS"
      ),
      ("Cijk_Alik_Bljk_BBS_BH_Bias_HAS_SAV_UserArgs_MT32x32x256", "gemm", "Tensile"),
      ("void cutlass::device_kernel<flash::FlashAttnFwdSm90<1>>", "attention", "FlashAttention"),
      ("void flashinfer::BatchDecodeWithPagedKVCacheKernel<1>", "attention", "FlashInfer"),
      ("fmhaSm100aKernel_QkvE4m3OBfloat16H64PagedKvCausal", "attention", "TensorRT-LLM"),
      ("_ZN7ck_tile6kentryILi256ELi2ENS_13FmhaFwdKernelINS", "attention", "Composable Kernel"),
      ("void vllm::paged_attention_v2_kernel<1, (vllm::Fp8KVCacheDataType)0>", "attention", "vLLM"),
      ("void vllm::reshape_and_cache_flash_kernel<__hip_bfloat16>", "cache", "vLLM"),
      ("void vllm::rotary_embedding_kernel<c10::BFloat16, true>", "rotary", "vLLM"),
      ("void vllm::rms_norm_kernel<c10::BFloat16, 8, 2>", "norm", "vLLM"),
      ("void vllm::act_and_mul_kernel<c10::BFloat16, &vllm::silu_kernel>", "activation", "vLLM"),
      ("void vllm::scaled_fp8_quant_kernel<c10::Half>", "quantisation", "vLLM"),
      ("fused_moe_kernel", "moe", "Triton"),
      ("ncclDevKernel_AllGather_RING_LL(ncclDevKernelArgsStorage<4096ul>)", "collective", "NCCL"),
      ("ncclDevKernel_Generic_1(ncclDevKernelArgsStorage<4096ul>)", "collective", "RCCL"),
      ("triton_red_fused__to_copy_add_mean_mul_pow_rsqrt_1", "norm", "TorchInductor"),
      ("triton_poi_fused_moe_forward_0", "elementwise", "TorchInductor"),
      (
        "void at::native::reduce_kernel<512, 1, at::native::ReduceOp<float>>", "reduction",
        "PyTorch"
      ),
      ("void at_cuda_detail::cub::DeviceRadixSortOnesweepKernel<>", "sort", "CUB/Thrust"),
      ("igemm_fwd_gtcx2_nhwc_bf16_bx0_ex1", "conv", "MIOpen"),
      ("cudnn_volta_scudnn_128x64_relu_small_nn_v1", "conv", "cuDNN"),
      ("Memcpy DtoD (Device -> Device)", "copy", "driver"),
      ("_Z11prefill_foov", "", ""),
      ("saxpy(double *, double *)", "", ""), ("", "", ""),
    ])
  func identity(name: String, class: String, library: String) {
    let identity = KernelNameTable.builtIn.identity(of: name)
    #expect(identity.class?.rawValue ?? "" == `class`, "\(name)")
    #expect(identity.library == library, "\(name)")
  }

  @Test func `The built-in table is valid`() {
    #expect(KernelNameTable.builtIn.count > 200)
    #expect(KernelNameTable.builtIn.version == "1")
  }

  @Test func `A user's rules come first and leave the rest as it was`() throws {
    let text = """
      {"schema": "reprise.kernel-names", "version": 7, "note": {"a": [1]}, "rules": [
        {"match": "^MY_ thing", "class": "attention", "library": "ours"},
        {"match": "saxpy", "class": "elementwise"}]}
      """
    let table = try KernelNameTable(bytes: Array(text.utf8))
    #expect(table.version.hasPrefix("7 ("))
    #expect(
      table.identity(of: "my_big_Thing gemm") == KernelIdentity(.attention, library: "ours"))
    #expect(
      table.identity(of: "void my_thing") == KernelIdentity(.attention, library: "ours"))
    #expect(table.identity(of: "not my_thing gemm") == KernelIdentity(.gemm))
    #expect(table.identity(of: "vllm saxpy") == KernelIdentity(.elementwise, library: "vLLM"))
  }

  @Test(
    "A wrong table is refused, naming the rule",
    arguments: [
      (#"{"version": 1, "rules": [{"match": "a", "class": "no"}]}"#, "rule 1: class 'no'"),
      (#"{"version": 1, "rules": [{"match": "a"}]}"#, "rule 1 gives neither"),
      (#"{"version": 1, "rules": [{"class": "gemm"}]}"#, "rule 1: \"match\""),
      (#"{"version": 1, "rules": [{"match": "^ a", "class": "gemm"}]}"#, "rule 1: \"match\""),
      (#"{"version": 1, "rules": [{"match": 3}]}"#, "\"match\" is not a text"),
      (#"{"version": 1, "rules": [{"matches": "a"}]}"#, "unknown member \"matches\""),
      (#"{"version": 1, "rules": [3]}"#, "not an object"),
      (#"{"rules": []}"#, "no \"version\""), ("[]", "is not an object"), ("{", "ends early"),
    ])
  func wrong(text: String, words: String) {
    do {
      _ = try KernelNameTable(bytes: Array(text.utf8), name: "names.json")
      Issue.record("accepted: \(text)")
    } catch {
      #expect(error.description.contains(words), "\(error)")
      #expect(error.description.hasPrefix("names.json: "))
    }
  }

  @Test func `A table cut at any byte or with any byte changed is read or refused`() {
    let text = Array(
      #"{"version": 1, "rules": [{"match": "^a b", "class": "gemm", "library": "\u00e9"}]}"#.utf8)
    for end in text.indices { _ = try? KernelNameTable(bytes: Array(text[..<end])) }
    for index in text.indices {
      for byte in [UInt8(0), 0x22, 0x5c, 0x7b, 0xff] {
        var changed = text
        changed[index] = byte
        if let table = try? KernelNameTable(bytes: changed) { _ = table.identity(of: "a b é") }
      }
    }
  }

  @Test func `The search finds what looking for each word alone finds`() {
    var random = SplitMix64(seed: 42)
    func text(_ length: Int) -> String {
      String((0..<length).compactMap { _ in "abAB_".randomElement(using: &random) })
    }
    for _ in 0..<300 {
      let words = (0..<1 + random.below(12)).map { _ in
        (random.below(4) == 0 ? "^" : "") + text(1 + random.below(4))
      }
      let search = WordSearch(words)
      var found: [Bool] = []
      let name = (random.below(3) == 0 ? "void " : "") + text(random.below(20))
      search.search(name, found: &found)
      let body = (name.hasPrefix("void ") ? String(name.dropFirst(5)) : name).lowercased()
      for word in words {
        let plain = word.lowercased()
        let expected =
          plain.hasPrefix("^")
          ? body.hasPrefix(plain.dropFirst()) : name.lowercased().contains(plain)
        #expect(found[search.number(of: word) ?? -1] == expected, "\(word) in \(name)")
      }
    }
  }
}
