# SPDX-License-Identifier: GPL-2.0
#
# What Doxygen reads of pages and headers. Their lines stay where they are.

# The title is to come first, and links have no other markup in them.
1s/^<!-- SPDX.*-->$//
s/\[`([^]`]*)`\]\(/[\1](/g
# Links to headers go to their pages, and of what has no page only the words stay.
s:\[([^]]*)\]\((\.\./)?(\.ci|COPYING|include/krcu/internal/[^o]|kunit|module|scripts)[^)]*\):`\1`:g
s:\]\((\.\./)?include/krcu/([^)]*)\):](@ref krcu/\2):g
# The base of all boxes is the only class of krcu::internal that has a page.
s/internal::Owner\b/Owner/g
s/^namespace krcu::internal \{/namespace krcu {/
