"""One reader per hls4ml node class: what a node becomes in the NetworkSpec."""
