# SPDX-License-Identifier: Apache-2.0
# ONNX' protobuf classes (onnx/onnx_pb.h, libonnx_proto) as OnnxProto::onnx_proto. Installed with zkinfer's own package.
find_library(OnnxProto_LIBRARY onnx_proto)
find_path(OnnxProto_INCLUDE_DIR onnx/onnx_pb.h)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OnnxProto REQUIRED_VARS OnnxProto_LIBRARY OnnxProto_INCLUDE_DIR)
if(OnnxProto_FOUND AND NOT TARGET OnnxProto::onnx_proto)
  add_library(OnnxProto::onnx_proto UNKNOWN IMPORTED)
  set_target_properties(OnnxProto::onnx_proto PROPERTIES
    IMPORTED_LOCATION "${OnnxProto_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${OnnxProto_INCLUDE_DIR}"
    INTERFACE_COMPILE_DEFINITIONS "ONNX_ML=1;ONNX_NAMESPACE=onnx")
endif()
mark_as_advanced(OnnxProto_LIBRARY OnnxProto_INCLUDE_DIR)
