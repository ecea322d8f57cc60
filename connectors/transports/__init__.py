"""The roads a source comes by: http, table, files, singer and push, each usable from a manifest alone."""
