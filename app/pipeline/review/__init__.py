"""What people are shown before they decide, and what their decision would change."""
