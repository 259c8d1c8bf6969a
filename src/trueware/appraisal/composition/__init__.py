"""Root file systems that are made of packages: what one should be, composed of what its packages bring.

``installed`` reads which packages a root file system says it has; ``union`` lays their files over each other; ``generated`` knows
what installing them makes besides; ``compose`` puts together what should be there. See ADR 13.
"""
