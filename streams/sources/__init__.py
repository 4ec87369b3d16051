"""Crawl news sources politely: what to read and when, and the strip that each visit shows.

The flow is `registry` (what to read) → `visitor` (when to read it) → `reading` (the strip of a visit) → `publishing`.
`watch` judges readings by the past of their source; `journal` and `metrics` record visits. None of them changes a
reading.
"""
