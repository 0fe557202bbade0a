"""Reports of a run for people: one self-contained HTML file, in English or Chinese.

Takes tables and a study's header; computes no result, reads no file and knows no model.
"""
