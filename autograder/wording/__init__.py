"""What people read, in English and Korean, and who may be told what."""
