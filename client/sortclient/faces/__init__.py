"""The local face engine: finding faces, describing each by 128 numbers, and comparing on this machine."""
