"""One folder per feed, `<department>/<feed>/manifest.toml`; found by scanning, never imported by name."""
