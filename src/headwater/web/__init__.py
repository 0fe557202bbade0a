"""Headwater in the browser: server-rendered pages, a JSON API and the files that other systems read.

A page parses the request, calls a façade and renders. Nothing is computed here.
"""
