"""Activation: the members of an audience who may be contacted, as files for platforms and as tags in WeCom."""
