"""The shipped claims, one readable file per family of theorems."""
