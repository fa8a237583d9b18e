package power

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

// TwoProportions is the rows per arm to tell p1 from p2 in independent arms,
// two-sided (Fleiss, Levin & Paik 2003, without continuity correction; R's
// power.prop.test).
func TwoProportions(p1, p2, alpha, power float64) float64 {
	if !(inUnit(p1) && inUnit(p2)) {
		return math.NaN()
	}
	za, zb := quantiles(alpha/2, power)
	p := (p1 + p2) / 2
	return rows(za*math.Sqrt(2*p*(1-p))+zb*math.Sqrt(p1*(1-p1)+p2*(1-p2)), p1-p2)
}

// McNemar is the number of pairs to show that the discordant rates p10 and p01
// differ, two-sided (Miettinen 1968; Connor 1987).
func McNemar(p10, p01, alpha, power float64) float64 {
	psi, d := p10+p01, p10-p01
	if !(p10 >= 0 && p01 >= 0 && psi <= 1) {
		return math.NaN()
	}
	za, zb := quantiles(alpha/2, power)
	return rows(za*math.Sqrt(psi)+zb*math.Sqrt(psi-d*d), d)
}

// NonInferiorityPaired is the number of pairs to show that a true difference d lies
// above -margin, where psi is the discordant rate: (z_α+z_β)²(ψ-d²)/(d+margin)².
func NonInferiorityPaired(psi, d, margin, alphaOneSided, power float64) float64 {
	if !(psi <= 1 && psi >= math.Abs(d) && d+margin > 0) {
		return math.NaN()
	}
	za, zb := quantiles(alphaOneSided, power)
	return rows((za+zb)*math.Sqrt(psi-d*d), d+margin)
}

// NonInferiorityUnpaired is the rows per arm to show that p1-p2 lies above -margin in
// independent arms (p1 the candidate): (z_α+z_β)²(p1q1+p2q2)/(p1-p2+margin)².
func NonInferiorityUnpaired(p1, p2, margin, alphaOneSided, power float64) float64 {
	if !(inUnit(p1) && inUnit(p2) && p1-p2+margin > 0) {
		return math.NaN()
	}
	za, zb := quantiles(alphaOneSided, power)
	return rows((za+zb)*math.Sqrt(p1*(1-p1)+p2*(1-p2)), p1-p2+margin)
}

// AUC is the number of cases (positives) to tell an area under the ROC curve from
// 0.5, two-sided, with ratio controls (negatives) per case (Obuchowski 1997, binormal
// variance, as R's pROC power.roc.test).
func AUC(auc, ratio, alpha, power float64) float64 {
	if !(auc > 0 && auc < 1 && ratio > 0) {
		return math.NaN()
	}
	za, zb := quantiles(alpha/2, power)
	null := 0.0792 * (1 + 1/ratio)
	return rows(za*math.Sqrt(null)+zb*math.Sqrt(obuchowski(auc, ratio)), auc-0.5)
}

// obuchowski is the variance of an area, per case, under binormal scores; pROC's
// constant 1.414 is kept so that its numbers come out.
func obuchowski(auc, ratio float64) float64 {
	a := dist.NormQuantile(auc) * 1.414
	return 0.0099 * math.Exp(-a*a/2) * ((5*a*a + 8) + (a*a+8)/ratio)
}

func inUnit(p float64) bool { return p >= 0 && p <= 1 }
