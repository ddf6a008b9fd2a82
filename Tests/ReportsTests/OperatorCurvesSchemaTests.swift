import Foundation
import TestSupport
import Testing

// Here, and not beside the reader's tests, for the sake of the schema checker.
@Suite struct OperatorCurvesSchemaTests {
  @Test(
    arguments: [
      ("{\"operator_curves\":1}", true),
      (
        "{\"operator_curves\":1,\"device\":\"D\",\"runtime\":{\"framework\":\"F\"},\"facts\":{\"table\":\"t\"}}",
        true
      ),
      ("{\"operator_curves\":2}", false), ("{\"operator_curves\":1,\"device\":7}", false),
      (
        "{\"kind\":\"gemm\",\"dtype\":\"bf16\",\"attributes\":{\"n\":64,\"k\":32},\"axes\":[\"tokens\"],\"points\":[[1,2500],[16,3100.5,3]]}",
        true
      ),
      ("{\"kind\":\"gemm\",\"axes\":[\"tokens\"],\"points\":[[1]]}", false),
      ("{\"kind\":\"gemm\",\"axes\":[],\"points\":[]}", false),
      ("{\"kind\":\"gemm\",\"points\":[[1,2]]}", false),
      (
        "{\"kind\":\"gemm\",\"dtype\":\"nvfp4\",\"axes\":[\"tokens\"],\"points\":[[1,2]]}", false
      ),
      ("{\"kind\":\"gemm\",\"attributes\":{\"n\":-1},\"axes\":[\"tokens\"],\"points\":[]}", false),
    ])
  func `the schema of operator curves tells sound lines from others`(line: String, isSound: Bool)
    throws
  {
    let schema = try SchemaCheck(file: "operator-curves.schema.json")
    let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
    #expect(schema.problems(in: value).isEmpty == isSound, "\(line)")
  }
}
