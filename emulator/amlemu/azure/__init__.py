"""Azure's own files: v2 YAML, the 2021 endpoint file, v1 JSON, conda and pip files; what they say of a deployment."""
