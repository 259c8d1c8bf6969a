"""What a verifier remembers: challenges it sent, devices that were enrolled, and how each was when it was appraised last."""
