"""The public study of a supernova trigger that counts clusters: its cluster engine, its grid and its burst counter."""
