"""The dashboard site: static pages made from schema `marts`."""
