"""Electrons and gammas in liquid argon."""
