"""What keeps a workspace whole and moves what is in it: doctor, gc, deletion, export, import, merge."""
