SELECT mark FROM erased_marks;
