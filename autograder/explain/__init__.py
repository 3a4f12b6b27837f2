"""`make explain`: what one check compared for one student, for a TA who has to settle a dispute."""
