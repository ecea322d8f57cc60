"""The corridor every record walks, one room after another.

fetch → land → normalize → resolve → assemble → serve

Pull, push, file and replay are doors into the same first room. `land` keeps what was said, `normalize`
understands or refuses it, `resolve` finds which records are one project, `assemble` and `lifecycle` make
its golden record and its loop. `advance` walks one batch through, `rebuild` walks all of memory again.
"""
