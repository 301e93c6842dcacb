"""The MCP server: greets at once, opens the memory behind that, and keeps it fresh."""
