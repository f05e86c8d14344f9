"""What happens in the argon: beta decays and supernova neutrino interactions."""
