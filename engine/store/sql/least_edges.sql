SELECT edges FROM least
