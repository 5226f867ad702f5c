"""What everything else may use: errors, ids, hashing, versions, plug-in loading."""
