"""Announcements: events on EventBridge and signed webhooks about jobs that were created or ended."""
