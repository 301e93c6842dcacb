"""Results as HTML pages with plots."""
