"""Initial condensation: where the weights of a network go that starts small, its orientations and their number.

Sources: arXiv:2105.11686 (multiplicity, leading field, orientations), arXiv:2305.09947 (convolutional networks). The loss is
(1/2n) sum_i (f(x_i) - y_i)^2, e_i = f(x_i) - y_i, D the length of a weight with its bias.
"""

from theory.dynamics.condensation.convolution import patch_matrix as patch_matrix
from theory.dynamics.condensation.counterexamples import cosine as cosine
from theory.dynamics.condensation.counterexamples import critical_of_sum_of_powers as critical_of_sum_of_powers
from theory.dynamics.condensation.counterexamples import extrema_of_many as extrema_of_many
from theory.dynamics.condensation.counterexamples import labels_of_form as labels_of_form
from theory.dynamics.condensation.counterexamples import many_orientations as many_orientations
from theory.dynamics.condensation.counterexamples import most_on_the_circle as most_on_the_circle
from theory.dynamics.condensation.counterexamples import sum_of_powers as sum_of_powers
from theory.dynamics.condensation.forms import LeadingForm as LeadingForm
from theory.dynamics.condensation.forms import augmented as augmented
from theory.dynamics.condensation.forms import centred as centred
from theory.dynamics.condensation.forms import mean_input as mean_input
from theory.dynamics.condensation.forms import tangential_form as tangential_form
from theory.dynamics.condensation.multiplicity import Origin as Origin
from theory.dynamics.condensation.multiplicity import multiplicity as multiplicity
from theory.dynamics.condensation.multiplicity import origin as origin
