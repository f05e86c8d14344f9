"""Convert a trained QKeras network into firmware and prove the conversion exact."""
