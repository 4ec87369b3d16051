"""Send synthetic headlines through the whole pipeline and measure how long they take."""
