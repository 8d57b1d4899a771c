"""Data contracts: what each nightly export must look like (`contracts/<export>.yml`)."""
