"""The roads a source comes by: http, table, files and push, each usable from a manifest alone."""
