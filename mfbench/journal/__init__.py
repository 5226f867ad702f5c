"""Plain files that are the truth: segments, the ledger, blobs. No database here."""
