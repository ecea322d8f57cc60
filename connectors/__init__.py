"""How departments speak: manifests, mappings and transports; imports schemas only, never the hub."""
