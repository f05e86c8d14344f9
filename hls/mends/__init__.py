"""A NetworkSpec as nodes of hls4ml's graph, each of which its C++ computes exactly."""
