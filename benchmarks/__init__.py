"""Side-by-side measurements. They print numbers; nothing in the tests depends on them."""
