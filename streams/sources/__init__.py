"""Watch the world: what to read, when and how politely, and what came of each visit.

The flow is `registry` (what to read) → `visitor` (visits, politely) → `reading` (the strip of a visit) → whoever
publishes. What a source's past says about its present looks at visits and readings and changes neither.
"""
