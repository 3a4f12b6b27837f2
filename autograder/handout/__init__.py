"""The hand-out: what students read, as a page, a notebook and figures."""
