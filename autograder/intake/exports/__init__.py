"""What platforms let a TA download, recognized by the names in it: in the zip as it came, or in the folder made of it."""
