"""MCP server (Model Context Protocol): pictures, folders and documents below some roots, as tools for agents."""

from __future__ import annotations
