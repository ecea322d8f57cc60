"""Side-by-side benches against peers and against the physical limit; they may import anything, and nobody imports them."""
