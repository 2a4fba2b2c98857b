"""The nodes of KD trees and ball trees are padded otherwise on 32-bit x86 and 32-bit ARM. The mend
of neighbours-pointer-size casts them by their fields, whatever their padding."""
