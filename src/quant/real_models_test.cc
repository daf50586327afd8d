// SPDX-License-Identifier: Apache-2.0
// Trained models on real images: integer against float. Calibration images differ from the measured ones.
#include <cstdlib>
#include <iostream>

#include <gtest/gtest.h>

#include "frontend/onnx/importer.h"
#include "passes/legalize.h"
#include "quant/fidelity.h"
#include "quant/quantize.h"
#include "quant/test_data.h"

namespace zkinfer::quant {
namespace {

struct Case {
  const char* file;
  bool cifar;
  float factor;  // real input = pixel * factor
  std::size_t num_measured;
  double least_agreement;
};

TensorMap as_input(const ir::Graph& graph, std::vector<float> data) {
  TensorMap input;
  const ir::Value& value = graph.value(graph.inputs[0]);
  input.emplace(value.name, FloatTensor(value.shape, std::move(data)));
  return input;
}

class RealModels : public ::testing::TestWithParam<Case> {};

TEST_P(RealModels, AgreeWithFloat) {
  const Case& c = GetParam();
  if (!have_file(c.file)) GTEST_SKIP() << "no " << c.file << " in " << test_data_folder() << " (set ZKINFER_TEST_DATA)";
  const Images images = c.cifar ? load_cifar() : load_mnist();
  if (images.count() == 0) GTEST_SKIP() << "no image data in " << test_data_folder();
  Result<ir::Graph> imported = frontend_onnx::import_onnx_file(test_data_folder() + "/" + c.file);
  ASSERT_TRUE(imported.ok()) << imported.status().to_string();
  Result<ir::Graph> legal = passes::legalize(std::move(imported).value());
  ASSERT_TRUE(legal.ok()) << legal.status().to_string();
  const ir::Graph& graph = *legal;
  const std::size_t channels = c.cifar ? 3 : 1;
  std::vector<TensorMap> calibration;
  for (std::size_t i = 0; i < 64; ++i)
    calibration.push_back(as_input(graph, images.image(images.count() - 1 - i, c.factor, channels)));
  std::vector<TensorMap> measured;
  for (std::size_t i = 0; i < c.num_measured; ++i)
    measured.push_back(as_input(graph, images.image(i, c.factor, channels)));

  const Result<Quantized> quantized = quantize(graph, calibration);
  ASSERT_TRUE(quantized.ok()) << quantized.status().to_string();
  const Result<Fidelity> report = compare(graph, quantized->graph, quantized->params, measured);
  ASSERT_TRUE(report.ok()) << report.status().to_string();
  if (std::getenv("ZKINFER_PRINT_REPORTS") != nullptr) std::cout << report_text(*quantized) << fidelity_text(*report);
  EXPECT_GE(report->agreement().value_or(0), c.least_agreement);
  EXPECT_EQ(report->inputs[0].num_clipped, 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Nets, RealModels,
    ::testing::Values(Case{"models/ort_examples/c_cxx/MNIST/mnist.onnx", false, 1.0F, 500, 0.995},
                      Case{"models/vnncomp2021/mnistfc/mnist-net_256x2.onnx", false, 1.0F / 255, 500, 0.995},
                      Case{"models/vnncomp2021/eran/nets/mnist_relu_9_200.onnx", false, 1.0F / 255, 200, 0.99},
                      Case{"models/vnncomp2021/eran/nets/ffnnSIGMOID__Point_6x200.onnx", false, 1.0F / 255, 200, 0.99},
                      Case{"models/vnncomp2021/verivital/Convnet_maxpool.onnx", false, 1.0F / 255, 200, 0.99},
                      Case{"models/vnncomp2021/verivital/Convnet_avgpool.onnx", false, 1.0F / 255, 200, 0.99},
                      Case{"models/vnncomp2021/cifar10_resnet/onnx/resnet_2b.onnx", true, 1.0F / 255, 300, 0.985},
                      Case{"models/vnncomp2021/oval21/nets/cifar_base_kw.onnx", true, 1.0F / 255, 300, 0.98}));

}  // namespace
}  // namespace zkinfer::quant
