"""How fast the hub takes in records: beside a plain COPY and beside dlt, in one run, interleaved."""
