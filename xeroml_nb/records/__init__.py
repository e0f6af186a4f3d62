"""What things are: values, their checks and their JSON form. No input or output happens here."""
