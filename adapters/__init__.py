"""Adapters: one folder per counterpart, each with one ``ADAPTER`` object."""
